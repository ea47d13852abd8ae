// RTPPackets
