/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What must hold between the values of a file, after decode.c has judged each by itself. None of
 * this looks at the machine: an interface that does not exist is found when it is used.
 */
#ifndef WEFT_LOADER_CHECK_H
#define WEFT_LOADER_CHECK_H

struct cfg_node;
struct config;
struct diag;

/**
 * config_check - judge a decoded file as a whole, whichever node reads it; part of config_load().
 * @cfg: may have holes where decode() complained; they are not complained about again. Its name
 * indices are filled here.
 * @diag: told everything that is wrong.
 *
 * Return: 0 even if @diag was told something; -ENOMEM.
 */
int config_check(struct config *cfg, struct diag *diag);

/**
 * config_warn - point out what is allowed but hardly meant: rules that never match, groups without
 * a port, policies that select nothing.
 * @cfg: passed config_check() without complaint.
 * @diag: told by diag_warning().
 *
 * Return: 0; -ENOMEM.
 */
int config_warn(const struct config *cfg, struct diag *diag);

/**
 * config_check_local - judge what the file says about the node that is to run it.
 * @cfg: passed config_check() without complaint.
 * @self: the node, from config_select_node().
 * @diag: told everything that is wrong.
 *
 * Return: 0 even if @diag was told something; -ENOMEM.
 */
int config_check_local(const struct config *cfg, const struct cfg_node *self, struct diag *diag);

#endif
