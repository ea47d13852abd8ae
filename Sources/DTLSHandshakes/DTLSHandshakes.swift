// DTLSHandshakes
