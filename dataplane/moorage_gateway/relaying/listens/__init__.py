"""``subscriptions/listen``: one shared stream to each endpoint, merged for every client.

ListenStory (one client's request) ──▶ SharedListen (group, principal, filter)
                                         └─▶ EndpointListen (one per ready endpoint)
"""
