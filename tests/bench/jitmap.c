/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * jitmap - where the machine code of a loaded BPF program is, and of which source files: what
 * executed.py needs to tell a trace of the CPU's instructions apart. Prints JSON:
 *
 *     {"functions": [[address, hex code]...], "lines": [[address, file]...]}
 *
 * The first function is the program's own; lines are in the order of addresses within a function.
 * Addresses need root, and kernel.kptr_restrict below 2.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "bench_util.h"

struct jitmap {
	struct bpf_prog_info info;
	__u64 *starts, *lines;
	__u32 *lengths;
	__u8 *code;
	struct bpf_line_info *sources;
};

static void *array_of(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (!p)
		die("out of memory");
	return p;
}

static void info_get(int fd, struct bpf_prog_info *info)
{
	__u32 length = sizeof(*info);

	if (bpf_obj_get_info_by_fd(fd, info, &length))
		die("read program info");
}

/* Ask how much there is, then for all of it. */
static void jitmap_read(int fd, struct jitmap *m)
{
	struct bpf_prog_info all = {}, *i = &m->info;

	info_get(fd, &all);
	m->starts = array_of(all.nr_jited_ksyms, sizeof(*m->starts));
	m->lengths = array_of(all.nr_jited_func_lens, sizeof(*m->lengths));
	m->lines = array_of(all.nr_jited_line_info, sizeof(*m->lines));
	m->sources = array_of(all.nr_line_info, sizeof(*m->sources));
	m->code = array_of(all.jited_prog_len, 1);
	i->nr_jited_ksyms = all.nr_jited_ksyms;
	i->jited_ksyms = (__u64)(unsigned long)m->starts;
	i->nr_jited_func_lens = all.nr_jited_func_lens;
	i->jited_func_lens = (__u64)(unsigned long)m->lengths;
	i->nr_jited_line_info = all.nr_jited_line_info;
	i->jited_line_info_rec_size = sizeof(*m->lines);
	i->jited_line_info = (__u64)(unsigned long)m->lines;
	i->nr_line_info = all.nr_line_info;
	i->line_info_rec_size = sizeof(*m->sources);
	i->line_info = (__u64)(unsigned long)m->sources;
	i->jited_prog_len = all.jited_prog_len;
	i->jited_prog_insns = (__u64)(unsigned long)m->code;
	info_get(fd, i);
	errno = 0;
	if (!i->nr_jited_ksyms || !m->starts[0] || i->nr_jited_ksyms != i->nr_jited_func_lens)
		die("the kernel does not say where the program's machine code is");
	if (!i->nr_jited_line_info || i->nr_jited_line_info != i->nr_line_info)
		die("the program has no line information");
}

static void jitmap_print(const struct jitmap *m, const struct btf *btf)
{
	const __u8 *code = m->code;

	printf("{\"functions\": [");
	for (__u32 f = 0; f < m->info.nr_jited_ksyms; f++) {
		printf("%s[%llu, \"", f ? ", " : "", (unsigned long long)m->starts[f]);
		for (__u32 at = 0; at < m->lengths[f]; at++)
			printf("%02x", *code++);
		printf("\"]");
	}
	printf("], \"lines\": [");
	for (__u32 l = 0; l < m->info.nr_jited_line_info; l++)
		printf("%s[%llu, \"%s\"]", l ? ", " : "", (unsigned long long)m->lines[l],
		       btf__name_by_offset(btf, m->sources[l].file_name_off));
	puts("]}");
}

int main(int argc, char **argv)
{
	struct jitmap m = {};
	struct btf *btf;
	int fd;

	if (argc != 2) {
		fputs("usage: jitmap PROGRAM_ID\n", stderr);
		return 2;
	}
	fd = bpf_prog_get_fd_by_id((__u32)atoi(argv[1]));
	if (fd < 0)
		die("open program %s", argv[1]);
	jitmap_read(fd, &m);
	btf = btf__load_from_kernel_by_id(m.info.btf_id);
	if (!btf)
		die("read the program's BTF");
	jitmap_print(&m, btf);
	return 0;
}
