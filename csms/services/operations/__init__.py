"""What takes a charge point some time: firmware updates, logs, customer information, lists."""
