"""A package of a third party: one provider, one scorer and one rule table for Magic8."""
