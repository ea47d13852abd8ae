// SRTPProtectionTests
