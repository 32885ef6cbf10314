"""The domain: what is true of chargers, tokens and transactions, whatever they speak."""
