// What nearly every test includes; see cmake/compiler.cmake.
#include "cmake/pch.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
