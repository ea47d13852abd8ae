// DTLSHandshakesTests
