"""The small commands of the host: what a chain says, and what is in force.

``gamma``          a chain's gamma exposure as JSON and picture
``tickets``        every structure of a chain, ranked by what it earns
``chosen_chain``   which chain these two look at
``show``           the settings in force, the schema of a published file
"""
