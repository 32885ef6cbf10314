"""Meters of circuits: reading them over Modbus TCP, DSMR P1, MQTT and OCPP."""
