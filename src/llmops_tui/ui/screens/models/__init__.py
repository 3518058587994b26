"""Model usage: endpoints, models, prices, whether they answer."""
