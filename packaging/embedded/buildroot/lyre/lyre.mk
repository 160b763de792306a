# SPDX-License-Identifier: Apache-2.0
################################################################################
#
# lyre
#
################################################################################

LYRE_VERSION = 0.1.0
# The release that this folder is a part of.
LYRE_SITE = $(BR2_EXTERNAL_LYRE_PATH)/../../..
LYRE_SITE_METHOD = local
LYRE_LICENSE = Apache-2.0
LYRE_LICENSE_FILES = LICENSE
LYRE_DEPENDENCIES = host-pkgconf libargon2 libmicrohttpd libyaml lmdb

# Every option of configure, so that what happens to be in staging changes nothing. Buildroot lacks libjwt with GnuTLS and
# libcsv, which the modules users and import need.
LYRE_CONF_OPTS = \
	--enable-minimal \
	--disable-dynamic-loading \
	--disable-client \
	--with-modules=static \
	--with-module-schema=static \
	--with-module-data=static \
	--disable-hardening \
	--enable-prefix-map \
	--without-systemdsystemunitdir \
	--without-module-system \
	--without-module-openapi \
	--without-module-users \
	--without-module-import \
	--without-module-export \
	--without-remote \
	--without-geos \
	--without-libedit

ifeq ($(BR2_STATIC_LIBS),y)
LYRE_CONF_OPTS += --enable-static-program
else
LYRE_CONF_OPTS += --disable-static-program
endif

ifeq ($(BR2_PACKAGE_LYRE_FORMATS),y)
LYRE_CONF_OPTS += --with-csv --with-cbor --with-msgpack --with-yaml --with-jsonl
else
LYRE_CONF_OPTS += --without-csv --without-cbor --without-msgpack --without-yaml --without-jsonl
endif

ifeq ($(BR2_PACKAGE_LYRE_METRICS),y)
LYRE_CONF_OPTS += --with-module-metrics=static --with-module-help=static
else
LYRE_CONF_OPTS += --without-module-metrics --without-module-help
endif

ifeq ($(BR2_PACKAGE_LYRE_SQL),y)
LYRE_CONF_OPTS += --with-module-sql=static
LYRE_DEPENDENCIES += sqlite
else
LYRE_CONF_OPTS += --without-module-sql
endif

ifeq ($(BR2_PACKAGE_LYRE_TLS),y)
LYRE_CONF_OPTS += --with-tls --with-module-certs=static
LYRE_DEPENDENCIES += gnutls
else
LYRE_CONF_OPTS += --without-tls --without-module-certs
endif

ifeq ($(BR2_PACKAGE_LYRE_ZLIB),y)
LYRE_CONF_OPTS += --with-zlib
LYRE_DEPENDENCIES += zlib
else
LYRE_CONF_OPTS += --without-zlib
endif

define LYRE_INSTALL_CONFIGURATION
	$(INSTALL) -D -m 0644 $(@D)/etc/minimal.yaml $(TARGET_DIR)/etc/lyre/lyre.yaml
endef
LYRE_POST_INSTALL_TARGET_HOOKS += LYRE_INSTALL_CONFIGURATION

define LYRE_USERS
	lyre -1 lyre -1 * /var/lib/lyre - - Lyre server
endef

define LYRE_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(LYRE_PKGDIR)/S80lyre $(TARGET_DIR)/etc/init.d/S80lyre
endef

$(eval $(autotools-package))
