"""The USB GSM modem: bytes, PDUs, one device, several devices. Standards: 3GPP TS 27.005, 27.007, 23.038, 23.040."""
