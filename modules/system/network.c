/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/network.c
 * \brief system_information: interfaces, their addresses and their traffic.
 */
#include "information.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYS "/sys/class/net/"

/** One interface, from all its entries in getifaddrs(). Addresses may be empty. */
struct interface {
	char name[IF_NAMESIZE];
	bool loopback, has_mac;
	char ip4[INET_ADDRSTRLEN], mask4[INET_ADDRSTRLEN];
	char ip6[INET6_ADDRSTRLEN], mask6[INET6_ADDRSTRLEN];
	bool link_local; /**< ip6 is valid on its own link only */
	char mac[24];
};

struct interfaces {
	struct interface *items;
	size_t count;
};

/* ---- interfaces ---- */

static struct interface *interface_of(struct interfaces *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->items[i].name, name))
			return all->items + i;
	struct interface *more = realloc(all->items, (all->count + 1) * sizeof *more);
	if (!more)
		return NULL;
	all->items = more;
	more += all->count++;
	memset(more, 0, sizeof *more);
	snprintf(more->name, sizeof more->name, "%s", name);
	return more;
}

static void take_ip4(struct interface *i, const struct ifaddrs *a)
{
	if (i->ip4[0])
		return;
	inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr, i->ip4, sizeof i->ip4);
	if (a->ifa_netmask)
		inet_ntop(
			AF_INET, &((const struct sockaddr_in *)(const void *)a->ifa_netmask)->sin_addr, i->mask4, sizeof i->mask4);
}

/** Takes the first address, but prefers one that is not link-local. */
static void take_ip6(struct interface *i, const struct ifaddrs *a)
{
	const struct in6_addr *ip = &((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
	bool link_local = IN6_IS_ADDR_LINKLOCAL(ip);
	if (i->ip6[0] && (!i->link_local || link_local))
		return;
	i->link_local = link_local;
	inet_ntop(AF_INET6, ip, i->ip6, sizeof i->ip6);
	if (a->ifa_netmask)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a->ifa_netmask)->sin6_addr, i->mask6,
			sizeof i->mask6);
}

static void take_mac(struct interface *i, const struct ifaddrs *a)
{
	const struct sockaddr_ll *l = (const void *)a->ifa_addr;
	if (l->sll_halen != 6)
		return;
	i->has_mac = true;
	snprintf(i->mac, sizeof i->mac, "%02x:%02x:%02x:%02x:%02x:%02x", l->sll_addr[0], l->sll_addr[1], l->sll_addr[2],
		l->sll_addr[3], l->sll_addr[4], l->sll_addr[5]);
}

/** \return whether the system could be queried */
static bool read_interfaces(struct interfaces *all)
{
	struct ifaddrs *list;
	if (getifaddrs(&list) != 0)
		return false;
	for (const struct ifaddrs *a = list; a; a = a->ifa_next) {
		struct interface *i = interface_of(all, a->ifa_name);
		if (!i)
			break;
		i->loopback = (a->ifa_flags & IFF_LOOPBACK) != 0;
		switch (a->ifa_addr ? a->ifa_addr->sa_family : AF_UNSPEC) {
		case AF_INET:
			take_ip4(i, a);
			break;
		case AF_INET6:
			take_ip6(i, a);
			break;
		case AF_PACKET:
			take_mac(i, a);
			break;
		default:
			break;
		}
	}
	freeifaddrs(list);
	return true;
}

/** Finds the interface of the default route; with several, the one that the kernel prefers. */
static bool read_default(char name[IF_NAMESIZE])
{
	char line[256], iface[IF_NAMESIZE];
	unsigned long destination, mask, metric, best = 0;
	bool found = false;
	FILE *f = fopen("/proc/net/route", "re");
	if (!f)
		return false;
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%15s %lx %*s %*s %*s %*s %lu %lx", iface, &destination, &metric, &mask) == 4 && !destination &&
			!mask && (!found || metric < best)) {
			found = true;
			best = metric;
			snprintf(name, IF_NAMESIZE, "%s", iface);
		}
	fclose(f);
	return found;
}

static const char *text_of(const char *name, const char *attribute, char *text, size_t size)
{
	char path[sizeof SYS + IF_NAMESIZE + 32];
	snprintf(path, sizeof path, SYS "%s/%s", name, attribute);
	return read_line(path, text, size) > 0 ? text : NULL;
}

static const char *type_of(const struct interface *i)
{
	char path[sizeof SYS + IF_NAMESIZE + 16];
	snprintf(path, sizeof path, SYS "%s", i->name);
	if (i->loopback)
		return "virtual";
	if (access(path, F_OK) != 0)
		return NULL;
	snprintf(path, sizeof path, SYS "%s/device", i->name);
	if (access(path, F_OK) != 0)
		return "virtual";
	snprintf(path, sizeof path, SYS "%s/wireless", i->name);
	return access(path, F_OK) == 0 ? "wireless" : "wired";
}

static void write_interface(lyre_out *o, const struct interface *i, const char *standard)
{
	char text[32], path[sizeof SYS + IF_NAMESIZE + 16];
	snprintf(path, sizeof path, SYS "%s/speed", i->name);
	int64_t speed = read_integer(path);

	lyre_out_object_begin(o);
	lyre_out_text(o, "iface", i->name);
	lyre_out_text(o, "ifaceName", i->name);
	put_bool(o, "default", !strcmp(i->name, standard));
	lyre_out_text(o, "ip4", i->ip4);
	lyre_out_text(o, "ip4subnet", i->mask4);
	lyre_out_text(o, "ip6", i->ip6);
	lyre_out_text(o, "ip6subnet", i->mask6);
	lyre_out_text(o, "mac", i->has_mac ? i->mac : NULL);
	lyre_out_text(o, "operstate", text_of(i->name, "operstate", text, sizeof text));
	lyre_out_text(o, "type", type_of(i));
	lyre_out_text(o, "duplex", text_of(i->name, "duplex", text, sizeof text));
	put_int(o, "speed", speed < 0 ? UNKNOWN : speed); /* megabits per second; the kernel has -1 for unknown */
	lyre_out_object_end(o);
}

/* ---- traffic ---- */

/** A line of /proc/net/dev: "  eth0: bytes packets errs drop fifo frame compressed multicast bytes packets errs drop …" */
static void write_stats_of(lyre_out *o, char *line)
{
	char *colon = strrchr(line, ':'), text[32];
	int64_t rx_bytes, rx_errors, rx_dropped, tx_bytes, tx_errors, tx_dropped;
	if (!colon ||
		sscanf(colon + 1, "%" SCNd64 " %*s %" SCNd64 " %" SCNd64 " %*s %*s %*s %*s %" SCNd64 " %*s %" SCNd64 " %" SCNd64,
			&rx_bytes, &rx_errors, &rx_dropped, &tx_bytes, &tx_errors, &tx_dropped) != 6)
		return;
	*colon = '\0';
	line += strspn(line, " ");
	lyre_out_object_begin(o);
	lyre_out_text(o, "iface", line);
	lyre_out_text(o, "operstate", text_of(line, "operstate", text, sizeof text));
	put_int(o, "rx_bytes", rx_bytes);
	put_int(o, "rx_dropped", rx_dropped);
	put_int(o, "rx_errors", rx_errors);
	put_int(o, "tx_bytes", tx_bytes);
	put_int(o, "tx_dropped", tx_dropped);
	put_int(o, "tx_errors", tx_errors);
	lyre_out_object_end(o);
}

static void write_stats(lyre_out *o)
{
	char line[512];
	FILE *f = fopen("/proc/net/dev", "re");
	if (!f) {
		lyre_out_null(o);
		return;
	}
	lyre_out_array_begin(o);
	while (fgets(line, sizeof line, f))
		write_stats_of(o, line);
	lyre_out_array_end(o);
	fclose(f);
}

static void empty_array(lyre_out *o, const char *key)
{
	lyre_out_key(o, key);
	lyre_out_array_begin(o);
	lyre_out_array_end(o);
}

void write_network(lyre_out *o, bool measured)
{
	struct interfaces all = { 0 };
	char standard[IF_NAMESIZE] = "";
	bool known = measured && read_default(standard), read = measured && read_interfaces(&all);

	lyre_out_object_begin(o);
	lyre_out_text(o, "default_interface", known || !measured ? standard : NULL);
	lyre_out_key(o, "latency"); /* empty: the server does not ping any host */
	lyre_out_object_begin(o);
	lyre_out_object_end(o);
	if (measured) {
		lyre_out_key(o, "interfaces");
		if (read) {
			lyre_out_array_begin(o);
			for (size_t i = 0; i < all.count; i++)
				write_interface(o, all.items + i, standard);
			lyre_out_array_end(o);
		} else {
			lyre_out_null(o);
		}
		lyre_out_key(o, "stats");
		write_stats(o);
	} else {
		empty_array(o, "interfaces");
		empty_array(o, "stats");
	}
	empty_array(o, "connections"); /* not listed: there may be any number of them */
	lyre_out_object_end(o);
	free(all.items);
}
