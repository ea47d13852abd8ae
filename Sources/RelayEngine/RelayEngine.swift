// RelayEngine
