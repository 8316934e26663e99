object f65b4787f3e751f8a99b2440d5f5aa5acfa6808850737ab2155d93f2ce8c1ba5
type commit
tag v2.1.0
tagger Ada <ada@example.org> 1795295222 +0000

of long-pgp
-----BEGIN PGP SIGNATURE-----

iIoEABYIADIWIQSNPcHctF5QOmrf2C/q3mFd9/gspQUCawIH9hQcZWQyNTUxOUBl
eGFtcGxlLm9yZwAKCRDq3mFd9/gspdW+AP9NGyCBIlfIm+QfhUBl3s7M+drYcfNd
uX4FwSx8rW/CwAEA71iDxdu/jR4MkUt/hAa82CyAqGTC0BvNt11NvV2M+Ao=
=oGuE
-----END PGP SIGNATURE-----
