"""A small captioning service: videos come in, captions come out, people review them."""
