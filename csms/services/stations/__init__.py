"""What stations of OCPP 2.1 tell and ask beyond charging: payments, batteries, the grid."""
