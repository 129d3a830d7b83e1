"""Answers to notebook 00: a right one in another form, and wrong ones as learners write them."""


def return_by_recursion(rewards, discount):
    return rewards[0] + discount * return_by_recursion(rewards[1:], discount) if len(rewards) else 0


def forgets_gamma(rewards, discount):
    total = 0
    for reward in rewards:
        total = total + reward
    return total


def discounts_backwards(rewards, discount):
    total = 0
    for reward in rewards:
        total = reward + discount * total
    return total


def discounts_the_first(rewards, discount):
    total, factor = 0, discount
    for reward in rewards:
        total, factor = total + factor * reward, factor * discount
    return total


RIGHT = {"discounted_return": return_by_recursion}

WRONG = [
    ("discounted_return", forgets_gamma, "Nothing is discounted"),
    ("discounted_return", discounts_backwards, "order is reversed"),
    ("discounted_return", discounts_the_first, "first reward is already discounted"),
]
