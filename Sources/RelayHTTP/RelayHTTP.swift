// RelayHTTP
