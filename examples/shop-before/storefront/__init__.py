"""A small shop: products, orders, and a stock that must not go below zero."""
