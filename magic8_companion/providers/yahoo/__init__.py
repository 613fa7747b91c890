"""The provider ``yahoo``: delayed bars and chains without an account, through the package yfinance.

tickers    Yahoo's ticker of each symbol
patience   request rate, and the pause after a rejection
session    the HTTP session: time limit, count and rate of requests
library    the only module that imports yfinance; turns its errors into reasons
charts     Yahoo's chart -> validated bars
chains     Yahoo's option tables -> a 0DTE chain
threads    blocking work outside the event loop
provider   the provider that combines these parts
"""
