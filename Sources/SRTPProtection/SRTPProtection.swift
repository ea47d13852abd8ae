// SRTPProtection
