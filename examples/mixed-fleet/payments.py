# The Python service, as it is: PyBreaker, its state in Redis. Needs `pip install pybreaker redis`.
import os

import pybreaker
import redis
import requests

client = redis.StrictRedis.from_url(os.environ["REDIS_URL"])
storage = pybreaker.CircuitRedisStorage(pybreaker.STATE_CLOSED, client, namespace="shop:payments")
payments = pybreaker.CircuitBreaker(fail_max=3, reset_timeout=1, state_storage=storage)


@payments
def charge(url):
    requests.post(url, timeout=1).raise_for_status()
