/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/elf.c
 * \brief Reading a symbol's bytes from an ELF shared object without loading it.
 */
#include "module/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** More program headers, dynamic entries or symbols than any module has, to limit the work on a damaged file. */
#define SEGMENTS_MAX 1024
#define DYNAMIC_MAX 4096
#define CHAIN_MAX 65536

/** Member \p m of Elf32_ or Elf64_ struct \p T, from its bytes at \p p. */
#define FIELD(f, p, T, m)                                                                     \
	((f)->wide ? elf_word((f), (p) + offsetof(Elf64_##T, m), sizeof((Elf64_##T *)0)->m) : \
		     elf_word((f), (p) + offsetof(Elf32_##T, m), sizeof((Elf32_##T *)0)->m))
#define SIZE(f, T) ((f)->wide ? sizeof(Elf64_##T) : sizeof(Elf32_##T))

uint64_t elf_word(const struct elf *f, const unsigned char *p, size_t bytes)
{
	uint64_t v = 0;
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * (f->big ? bytes - 1 - i : i);
	return v;
}

bool elf_read(const struct elf *f, uint64_t offset, void *out, size_t len)
{
	if (offset > f->size || len > f->size - offset)
		return false;
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(f->fd, (char *)out + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool read_u32(const struct elf *f, uint64_t offset, uint32_t *ret)
{
	unsigned char bytes[4];
	if (!elf_read(f, offset, bytes, sizeof bytes))
		return false;
	*ret = (uint32_t)elf_word(f, bytes, sizeof bytes);
	return true;
}

static bool read_segment(const struct elf *f, unsigned i, unsigned char header[sizeof(Elf64_Phdr)])
{
	return elf_read(f, f->segments + (uint64_t)i * f->segment_size, header, SIZE(f, Phdr));
}

/** The file offset of an address, if \p len bytes from there are in the file. */
static bool locate(const struct elf *f, uint64_t address, uint64_t len, uint64_t *ret)
{
	unsigned char header[sizeof(Elf64_Phdr)];
	for (unsigned i = 0; i < f->segment_count; i++) {
		if (!read_segment(f, i, header))
			return false;
		if (FIELD(f, header, Phdr, p_type) != PT_LOAD)
			continue;
		uint64_t start = FIELD(f, header, Phdr, p_vaddr), size = FIELD(f, header, Phdr, p_filesz);
		if (address < start || address - start >= size || len > size - (address - start))
			continue;
		uint64_t offset = FIELD(f, header, Phdr, p_offset);
		if (offset > f->size || address - start > f->size - offset)
			return false;
		*ret = offset + (address - start);
		return true;
	}
	return false;
}

/** Finds the tables of the dynamic segment. */
static void read_dynamic(struct elf *f, uint64_t offset, uint64_t size)
{
	unsigned char entry[sizeof(Elf64_Dyn)];
	size_t step = SIZE(f, Dyn);
	for (uint64_t i = 0; i < size / step && i < DYNAMIC_MAX && elf_read(f, offset + i * step, entry, step); i++) {
		uint64_t tag = FIELD(f, entry, Dyn, d_tag), value = FIELD(f, entry, Dyn, d_un.d_val);
		if (tag == DT_NULL)
			break;
		if (tag == DT_STRSZ)
			f->names_size = value;
		else if (tag == DT_SYMTAB)
			locate(f, value, 1, &f->symbols);
		else if (tag == DT_STRTAB)
			locate(f, value, 1, &f->names);
		else if (tag == DT_HASH)
			locate(f, value, 1, &f->hash);
		else if (tag == DT_GNU_HASH)
			locate(f, value, 1, &f->gnu_hash);
	}
}

int elf_open(struct elf *f, int fd, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_set(e, LYRE_EIO, "cannot read: %s", strerror(errno));
	*f = (struct elf){ .fd = fd, .size = (uint64_t)st.st_size };

	unsigned char head[sizeof(Elf64_Ehdr)] = { 0 };
	if (!elf_read(f, 0, head, EI_NIDENT) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return err_set(e, LYRE_EINVAL, "is not a shared object (ELF) file");
	f->wide = head[EI_CLASS] == ELFCLASS64;
	f->big = head[EI_DATA] == ELFDATA2MSB;
	if (!elf_read(f, 0, head, SIZE(f, Ehdr)))
		return err_set(e, LYRE_EINVAL, "is truncated: an ELF file of %llu bytes", (unsigned long long)f->size);
	if (FIELD(f, head, Ehdr, e_type) != ET_DYN)
		return err_set(e, LYRE_EINVAL, "is an ELF file, but not a shared object");
	f->machine = (unsigned)FIELD(f, head, Ehdr, e_machine);
	f->segments = FIELD(f, head, Ehdr, e_phoff);
	f->segment_size = (unsigned)FIELD(f, head, Ehdr, e_phentsize);
	f->segment_count = (unsigned)FIELD(f, head, Ehdr, e_phnum);
	if (f->segment_size < SIZE(f, Phdr) || f->segment_count > SEGMENTS_MAX)
		return err_set(e, LYRE_EINVAL, "is damaged: its program headers are invalid");

	bool dynamic = false;
	for (unsigned i = 0; i < f->segment_count; i++) {
		unsigned char header[sizeof(Elf64_Phdr)];
		if (!read_segment(f, i, header))
			return err_set(e, LYRE_EINVAL, "is truncated: its program headers are missing");
		uint64_t type = FIELD(f, header, Phdr, p_type);
		uint64_t offset = FIELD(f, header, Phdr, p_offset), size = FIELD(f, header, Phdr, p_filesz);
		if (type == PT_LOAD && (offset > f->size || size > f->size - offset))
			return err_set(e, LYRE_EINVAL, "is truncated: %llu bytes, at least %llu are missing",
				(unsigned long long)f->size,
				(unsigned long long)(offset > f->size ? offset - f->size + size : size - (f->size - offset)));
		if (type == PT_DYNAMIC) {
			dynamic = true;
			read_dynamic(f, offset, size);
		}
	}
	if (!dynamic || !f->symbols || !f->names)
		return err_set(e, LYRE_EINVAL, "is damaged: it has no dynamic symbols");
	return 0;
}

/** Whether dynamic symbol \p i is \p name, defined; \p symbol receives it. */
static bool is_symbol(const struct elf *f, uint32_t i, const char *name, unsigned char symbol[sizeof(Elf64_Sym)])
{
	size_t size = SIZE(f, Sym);
	if (!elf_read(f, f->symbols + (uint64_t)i * size, symbol, size))
		return false;
	uint64_t at = FIELD(f, symbol, Sym, st_name);
	size_t len = strlen(name) + 1;
	char text[256];
	if (len > sizeof text || at > f->names_size || len > f->names_size - at)
		return false;
	return FIELD(f, symbol, Sym, st_shndx) != SHN_UNDEF && elf_read(f, f->names + at, text, len) &&
		memcmp(text, name, len) == 0;
}

static bool find_gnu(const struct elf *f, const char *name, unsigned char symbol[sizeof(Elf64_Sym)])
{
	uint32_t buckets, first, bloom, i;
	if (!read_u32(f, f->gnu_hash, &buckets) || !read_u32(f, f->gnu_hash + 4, &first) || !read_u32(f, f->gnu_hash + 8, &bloom) ||
		buckets == 0)
		return false;
	uint32_t hash = 5381;
	for (const char *p = name; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	uint64_t table = f->gnu_hash + 16 + (uint64_t)bloom * (f->wide ? 8 : 4);
	uint64_t chain = table + (uint64_t)buckets * 4;
	if (!read_u32(f, table + (uint64_t)(hash % buckets) * 4, &i) || i < first)
		return false;
	for (unsigned n = 0; n < CHAIN_MAX; n++, i++) {
		uint32_t h;
		if (!read_u32(f, chain + (uint64_t)(i - first) * 4, &h))
			return false;
		if ((h | 1) == (hash | 1) && is_symbol(f, i, name, symbol))
			return true;
		if (h & 1)
			return false;
	}
	return false;
}

static bool find_sysv(const struct elf *f, const char *name, unsigned char symbol[sizeof(Elf64_Sym)])
{
	uint32_t chains;
	if (!read_u32(f, f->hash + 4, &chains))
		return false;
	for (uint32_t i = 0; i < chains && i < CHAIN_MAX; i++)
		if (is_symbol(f, i, name, symbol))
			return true;
	return false;
}

bool elf_symbol(const struct elf *f, const char *name, uint64_t *offset, uint64_t *size)
{
	unsigned char symbol[sizeof(Elf64_Sym)];
	if (!(f->gnu_hash && find_gnu(f, name, symbol)) && !(f->hash && find_sysv(f, name, symbol)))
		return false;
	*size = FIELD(f, symbol, Sym, st_size);
	return locate(f, FIELD(f, symbol, Sym, st_value), *size, offset);
}
