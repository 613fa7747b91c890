"""The provider ``yahoo``: delayed bars and chains without an account, through the package yfinance.

tickers    which of Yahoo's names a symbol has
patience   how often Yahoo may be asked, and how long to be silent after it said no
session    the door to the network: every request is bounded, counted and paced
library    the only module that knows yfinance: its hidden errors become reasons
charts     what Yahoo calls a chart -> bars that may be believed
chains     what Yahoo calls options -> a 0DTE chain
threads    blocking work beside the loop
provider   all of it behind the port
"""
