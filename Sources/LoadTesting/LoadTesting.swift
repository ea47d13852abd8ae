// LoadTesting
