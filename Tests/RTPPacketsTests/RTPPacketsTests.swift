// RTPPacketsTests
