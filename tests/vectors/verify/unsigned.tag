object 37d0743a659853913db7765ea77ec68a3c93c7a6
type commit
tag v3.0.0
tagger Ada <ada@example.org> 1795295222 +0000

unsigned
