"""What people touch: the HTTP API, the media sockets and the pages."""
