"""Provisioning: the device model and its reports, configuration templates, monitors."""
