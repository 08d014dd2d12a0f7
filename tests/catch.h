// Catch2 version 2 (Debian 12) and version 3 alike.
#ifndef STALLPOINT_TESTS_CATCH_H_
#define STALLPOINT_TESTS_CATCH_H_

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

// Whether a sanitizer makes everything several times slower: what is shown by many cases is then shown by fewer.
#ifdef STALLPOINT_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

#endif  // STALLPOINT_TESTS_CATCH_H_
