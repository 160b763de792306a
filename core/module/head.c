/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/head.c
 * \brief The frozen head of a module's descriptor: read from its file, and checked.
 */
#include "base/file.h"
#include "module/elf.h"
#include "module/internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/** The mark of this server's ABI. A fork that changes the ABI must change it. */
#define HOST_EXTRA ""

_Static_assert(HEAD_SIZE == 368, "the head of the descriptor is frozen");
_Static_assert(offsetof(struct lyre_module, abi_major) == 8 && offsetof(struct lyre_module, abi_minor) == 10 &&
		offsetof(struct lyre_module, struct_size) == 12 && offsetof(struct lyre_module, name) == 16 &&
		offsetof(struct lyre_module, version) == 48 && offsetof(struct lyre_module, summary) == 80 &&
		offsetof(struct lyre_module, needs) == 208 && offsetof(struct lyre_module, extra) == 336,
	"the head of the descriptor is frozen");

/** Size of the descriptor in ABI 1.0, the smallest. */
#define DESCRIPTOR_SIZE_MIN (offsetof(struct lyre_module, check) + sizeof(((struct lyre_module *)0)->check))

/** The machine for which this server was built, from its own file, if that can be read. */
static bool same_machine(const struct elf *f)
{
	struct err ignored = { 0 };
	struct elf own;
	char path[PATH_MAX];
	int fd = own_file(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return f->wide == (sizeof(void *) == 8);
	bool known = elf_open(&own, fd, &ignored) == 0;
	close(fd);
	return known ? own.machine == f->machine && own.wide == f->wide && own.big == f->big : f->wide == (sizeof(void *) == 8);
}

static int read_descriptor(const struct elf *f, const char *path, struct lyre_module *head, struct err *e)
{
	uint64_t offset, size;
	if (!elf_symbol(f, "lyre_module", &offset, &size))
		return err_set(e, LYRE_EINVAL,
			"%s: is not a Lyre module: it has no symbol lyre_module: a module defines it with LYRE_MODULE()", path);
	unsigned char bytes[HEAD_SIZE];
	if (size < HEAD_SIZE || !elf_read(f, offset, bytes, sizeof bytes))
		return err_set(e, LYRE_EINVAL, "%s: is not a Lyre module: its descriptor has %llu bytes, the smallest has %zu",
			path, (unsigned long long)size, HEAD_SIZE);
	*head = (struct lyre_module){ 0 };
	memcpy(head, bytes, HEAD_SIZE);
	head->abi_major = (uint16_t)elf_word(f, bytes + offsetof(struct lyre_module, abi_major), 2);
	head->abi_minor = (uint16_t)elf_word(f, bytes + offsetof(struct lyre_module, abi_minor), 2);
	head->struct_size = (uint32_t)elf_word(f, bytes + offsetof(struct lyre_module, struct_size), 4);
	if (memcmp(head->magic, LYRE_MODULE_MAGIC, sizeof head->magic) == 0 && head->struct_size > size)
		return err_set(e, LYRE_EINVAL,
			"%s: the descriptor's size is given as %u bytes, but the file has %llu: build the module again", path,
			head->struct_size, (unsigned long long)size);
	return 0;
}

int head_read(const char *path, struct lyre_module *head, struct err *e)
{
	struct err cause = { 0 };
	struct elf f;
	int fd, rc = file_open(path, &fd, e);
	if (rc < 0)
		return rc;
	rc = elf_open(&f, fd, &cause);
	if (rc < 0)
		rc = err_set(e, rc, "%s: %s: install the module again", path, cause.text);
	else if (!same_machine(&f))
		rc = err_set(e, LYRE_EINVAL,
			"%s: is built for another machine (%d bits, machine %u): install the build for this one", path,
			f.wide ? 64 : 32, f.machine);
	else
		rc = read_descriptor(&f, path, head, e);
	close(fd);
	return rc;
}

/** Whether a string of the head ends within its field and contains nothing that could confuse a terminal or a log. */
static bool clean(const char *text, size_t size)
{
	size_t len = strnlen(text, size);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len < size;
}

static int check_abi(const struct lyre_module *head, const char *where, struct err *e)
{
	if (head->abi_major > LYRE_ABI_MAJOR)
		return err_set(e, LYRE_ENOTSUP,
			"built for ABI %u.%u, this server has %u.%u: %s (version %s): install a build of %s for ABI %u, or a newer lyre",
			head->abi_major, head->abi_minor, LYRE_ABI_MAJOR, LYRE_ABI_MINOR, where, head->version, head->name,
			LYRE_ABI_MAJOR);
	if (head->abi_major < LYRE_ABI_MAJOR)
		return err_set(e, LYRE_ENOTSUP,
			"built for ABI %u.%u, this server has %u.%u: %s (version %s): install a newer %s, built for ABI %u",
			head->abi_major, head->abi_minor, LYRE_ABI_MAJOR, LYRE_ABI_MINOR, where, head->version, head->name,
			LYRE_ABI_MAJOR);
	if (head->abi_minor > LYRE_ABI_MINOR)
		return err_set(e, LYRE_ENOTSUP,
			"built for ABI %u.%u, this server has %u.%u: %s (version %s): install a newer lyre, or a build of %s for ABI %u.%u or older",
			head->abi_major, head->abi_minor, LYRE_ABI_MAJOR, LYRE_ABI_MINOR, where, head->version, head->name,
			LYRE_ABI_MAJOR, LYRE_ABI_MINOR);
	return 0;
}

int head_check(const struct lyre_module *head, const char *where, const char *name, struct err *e)
{
	if (memcmp(head->magic, LYRE_MODULE_MAGIC, sizeof head->magic) != 0)
		return err_set(e, LYRE_EINVAL, "is not a Lyre module: its magic is '%.8s', not '%s': %s",
			clean(head->magic, sizeof head->magic) ? head->magic : "?", LYRE_MODULE_MAGIC, where);
	if (!clean(head->name, sizeof head->name) || !clean(head->version, sizeof head->version) ||
		!clean(head->summary, sizeof head->summary) || !clean(head->needs, sizeof head->needs) ||
		!clean(head->extra, sizeof head->extra) || !module_name_valid(head->name))
		return err_set(e, LYRE_EINVAL,
			"has a damaged descriptor: a string is too long or has control characters: %s: build the module again",
			where);
	if (strcmp(head->extra, HOST_EXTRA) != 0)
		return err_set(e, LYRE_ENOTSUP,
			"built for another server: its ABI is marked '%s', this server's '%s': %s (version %s): "
			"install a build of %s for this server",
			head->extra, HOST_EXTRA, where, head->version, head->name);
	int rc = check_abi(head, where, e);
	if (rc < 0)
		return rc;
	if (head->struct_size < DESCRIPTOR_SIZE_MIN || head->struct_size > sizeof(struct lyre_module))
		return err_set(e, LYRE_EINVAL,
			"gives the size of its descriptor as %u bytes, ABI %u.%u has %zu: %s (version %s): "
			"build %s with the headers of lyre %u.%u",
			head->struct_size, head->abi_major, head->abi_minor, sizeof(struct lyre_module), where, head->version,
			head->name, LYRE_ABI_MAJOR, LYRE_ABI_MINOR);
	if (name && strcmp(head->name, name) != 0)
		return err_set(e, LYRE_EINVAL,
			"calls itself '%s': %s (version %s): name it '%s' under modules:, or point path: at the right file",
			head->name, where, head->version, head->name);
	return 0;
}
