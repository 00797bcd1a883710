"""Experiments on standard data sets: data, models, sales, and the page that tells of them."""
