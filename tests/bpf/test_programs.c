/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the kernel says of the loaded programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "check.h"
#include "tests.h"

/* The verifier gives up at a million; half of that leaves room for kernels that look closer. */
#define VERIFIED_MAX 500000

static void test_verified(void **state)
{
	(void)state;
	check_begin();
	for (enum prog prog = 0; prog < PROGS_ALL; prog++) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(prog_fd(prog), &info, &len), 0);
		printf("# %s: %u instructions verified, %zu long, %u bytes jited\n",
		       prog_name(prog), info.verified_insns, info.xlated_prog_len / 8UL,
		       info.jited_prog_len);
		check(info.verified_insns && info.verified_insns < VERIFIED_MAX,
		      "%s: %u instructions verified", prog_name(prog), info.verified_insns);
	}
	check_end();
}

static void test_reasons(void **state)
{
	(void)state;
	check_begin();
	for (enum weft_drop r = WEFT_DROP_NONE + 1; r < __WEFT_DROP_MAX; r++)
		check(provoked(r), "no test has provoked a drop for %s", drop_name(r));
	check_end();
}

int test_programs(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verified, NULL, NULL),
	};

	return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}

int test_all_reasons(void)
{
	const struct CMUnitTest tests[] = {
		{"every drop reason has been provoked", test_reasons, NULL, NULL, NULL},
	};

	return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
