"""``subscriptions/listen``: one shared stream to each endpoint, merged for every client.

ListenStory (one client's request) ──▶ ClientListen (its own id, its own socket)
  └─▶ SharedListen (group, caller, filter: all clients that ask the same)
        └─▶ FollowedEndpoint (one per ready endpoint) ──▶ EndpointListen (one stream)
"""
