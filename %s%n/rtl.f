shiftgelu.v
