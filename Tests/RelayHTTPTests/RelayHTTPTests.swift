// RelayHTTPTests
