/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/client_certificate.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES 256

/** What a PEM file must hold. */
struct part {
	const char *what, *label; /**< the latter ends the line with which it begins */
};
static const struct part certificate_part = { "certificate", "CERTIFICATE-----" };
static const struct part key_part = { "private key", "PRIVATE KEY-----" };

/** Reads up to the part's first line. \return whether it is there */
static bool find(FILE *f, const struct part *part, bool *encrypted)
{
	char line[LINE_MAX_BYTES];
	bool found = false;
	while (!found && fgets(line, sizeof line, f))
		found = strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, part->label);
	/* PKCS #8 says so in that line, older formats in the next one. */
	*encrypted = found && (strstr(line, "ENCRYPTED") || (fgets(line, sizeof line, f) && strstr(line, ",ENCRYPTED")));
	secure_clear(line, sizeof line);
	return found;
}

/** Left to libcurl: it can be read once only. */
static bool is_pipe(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int part_check(const struct part *part, const char *path)
{
	bool encrypted;
	if (is_pipe(path))
		return 0;
	FILE *f = fopen(path, "re");
	if (!f)
		return complain(CTL_USAGE, "cannot read the %s '%s': %s", part->what, path, strerror(errno));
	bool found = find(f, part, &encrypted);
	int error = ferror(f) ? errno : 0;
	fclose(f);
	if (error)
		return complain(CTL_USAGE, "cannot read the %s '%s': %s", part->what, path, strerror(error));
	if (!found)
		return complain(CTL_USAGE, "there is no %s in PEM in '%s'", part->what, path);
	if (encrypted)
		return complain(CTL_USAGE, "the %s '%s' is encrypted: only one without a password can be used", part->what, path);
	return 0;
}

int client_certificate_set(CURL *curl, const struct options *o, bool tls)
{
	if (o->key && !o->cert)
		return complain(CTL_USAGE, "--key needs --cert: the certificate that the key belongs to");
	if (o->cert_given && !tls)
		return complain(CTL_USAGE, "--cert needs an https address: give one with --url");
	if (!o->cert || !tls)
		return 0;
	const char *key = o->key ? o->key : o->cert;
	int rc = part_check(&certificate_part, o->cert);
	if (rc == 0)
		rc = part_check(&key_part, key);
	if (rc == 0 &&
		(curl_easy_setopt(curl, CURLOPT_SSLCERT, o->cert) != CURLE_OK ||
			curl_easy_setopt(curl, CURLOPT_SSLKEY, key) != CURLE_OK))
		rc = complain(CTL_REFUSED, "out of memory");
	return rc;
}

/** Whether the server has sent an alert. With GnuTLS libcurl gives its name alone, or nothing but "handshake". */
static bool is_refusal(const struct options *o, CURLcode code, const char *why)
{
	if (code != CURLE_SSL_CONNECT_ERROR && code != CURLE_RECV_ERROR)
		return false;
	return strstr(why, "alert") || strstr(why, o->cert ? "handshake" : "Handshake failed");
}

void client_certificate_hint(const struct options *o, CURLcode code, const char *why, char *to, size_t size)
{
	bool refusal = is_refusal(o, code, why);
	if (refusal && o->cert)
		snprintf(to, size, "; the server may have refused the certificate '%s'", o->cert);
	else if (refusal)
		snprintf(to, size, "; the server may require a certificate: give yours with --cert FILE");
	else if (o->cert && (code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CONNECT_ERROR))
		snprintf(to, size, "; does the private key in '%s' belong to the certificate '%s'?", o->key ? o->key : o->cert,
			o->cert);
}
