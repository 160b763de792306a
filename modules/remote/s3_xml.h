/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_xml.h
 * \brief The few texts that we need of S3's answers. Pure functions, any thread.
 *
 * No XML library: an answer has one small document, of which we need the name of its root and the text of one or two elements. A
 * parser for all of XML, with its DTDs and entities, would be a large dependency and the larger risk.
 */
#ifndef S3_XML_H
#define S3_XML_H

#include <stdbool.h>
#include <stddef.h>

/** Whether the document's root is the element \p name, in any namespace. */
bool s3_xml_is(const char *xml, size_t len, const char *name);

/**
 * The text of the first element \p name, with the five entities and character references replaced.
 * \param[out] out  NUL-terminated; "" if there is no such element, if it contains another, if it is cut off or does not fit
 * \return whether there is such an element with a text
 */
bool s3_xml_text(const char *xml, size_t len, const char *name, char *out, size_t size);

#endif
