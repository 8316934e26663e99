/* Goes into the static program only; build.rs says why.
 *
 * __nss_configure_lookup is glibc's own way to say what /etc/nsswitch.conf would (nss.h). It is called
 * before main, so that no look-up comes first.
 */

extern int __nss_configure_lookup(const char *database, const char *services);

__attribute__((constructor)) static void look_names_up_here(void) {
    __nss_configure_lookup("hosts", "files dns");
}
