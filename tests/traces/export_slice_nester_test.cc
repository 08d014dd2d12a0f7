#include <random>
#include <sstream>

#include "catch.h"
#include "traces/export/slice_nester.h"

namespace stallpoint {
namespace {

// Draws as text: "(" and the name at a begin, ")" at an end, one string per lane.
class TextLanes : public SliceNester::Lanes {
 public:
  void Begin(size_t lane, const Slice& slice) override {
    At(lane) += "(" + *slice.name;
    Check(lane, slice.begin_ns);
    open_[lane].push_back(slice);
    ++drawn;
  }
  void End(size_t lane, const Slice& slice) override {
    At(lane) += ")";
    Check(lane, slice.end_ns);
    REQUIRE(!open_[lane].empty());
    REQUIRE(open_[lane].back().end_ns == slice.end_ns);
    open_[lane].pop_back();
  }

  std::vector<std::string> text;
  size_t drawn = 0;

 private:
  std::string& At(size_t lane) {
    if (text.size() <= lane) {
      text.resize(lane + 1);
      open_.resize(lane + 1);
      now_.resize(lane + 1);
    }
    return text[lane];
  }
  void Check(size_t lane, int64_t time_ns) {
    REQUIRE(time_ns >= now_[lane]);
    now_[lane] = time_ns;
  }

  std::vector<std::vector<Slice>> open_;
  std::vector<int64_t> now_;
};

Slice Make(int64_t begin, int64_t end, const std::string& name) {
  static std::set<std::string> names;
  Slice slice;
  slice.begin_ns = begin;
  slice.end_ns = end;
  slice.name = &*names.insert(name).first;
  return slice;
}

std::vector<std::string> Nest(const std::vector<Slice>& slices) {
  SliceNester nester;
  TextLanes lanes;
  for (const Slice& slice : slices) nester.Add(slice, lanes);
  nester.Finish(lanes);
  return lanes.text;
}

TEST_CASE("children that ended first are drawn inside their parent") {
  CHECK(Nest({Make(0, 2, "a"), Make(2, 3, "b"), Make(0, 4, "P"), Make(5, 6, "c")}) ==
        std::vector<std::string>{"(P(a)(b))(c)"});
}

TEST_CASE("of spans with the same times the later one is the parent") {
  CHECK(Nest({Make(0, 4, "child"), Make(0, 4, "parent")}) == std::vector<std::string>{"(parent(child))"});
}

TEST_CASE("spans without length are drawn where they are") {
  CHECK(Nest({Make(1, 1, "a"), Make(2, 2, "b"), Make(2, 2, "c"), Make(1, 2, "P")}) ==
        std::vector<std::string>{"(P(a))(c)(b)"});
}

TEST_CASE("spans that cross go to a lane of their own") {
  CHECK(Nest({Make(0, 5, "a"), Make(3, 8, "b"), Make(6, 9, "c")}) == std::vector<std::string>{"(a)(c)", "(b)"});
}

TEST_CASE("long rows are drawn in pieces, nested all the same") {
  SliceNester nester;
  TextLanes lanes;
  const size_t batches = SliceNester::kHeld;
  for (size_t i = 0; i < batches; ++i) {
    const int64_t at = static_cast<int64_t>(10 * i);
    nester.Add(Make(at, at + 2, "s"), lanes);
    nester.Add(Make(at + 2, at + 4, "s"), lanes);
    nester.Add(Make(at, at + 5, "L"), lanes);
  }
  CHECK(lanes.drawn > 0);  // not all held back
  nester.Finish(lanes);
  CHECK(lanes.text.size() == 1);
  std::string expected;
  for (size_t i = 0; i < batches; ++i) expected += "(L(s)(s))";
  CHECK((lanes.text[0] == expected));
}

TEST_CASE("a parent that comes too late to enclose its children is drawn beside them") {
  SliceNester nester;
  TextLanes lanes;
  const auto count = static_cast<int64_t>(2 * SliceNester::kHeld);
  for (int64_t i = 0; i < count; ++i) nester.Add(Make(i, i + 1, "s"), lanes);
  nester.Add(Make(0, count, "P"), lanes);
  nester.Finish(lanes);
  REQUIRE(lanes.text.size() == 2);
  CHECK(lanes.text[1].substr(0, 2) == "(P");
  CHECK(lanes.drawn == static_cast<size_t>(count) + 1);
  CHECK(nester.left_out() == 0);
}

TEST_CASE("any disorder is drawn strictly nested, and what finds no lane is counted") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    SliceNester nester;
    TextLanes lanes;
    for (int i = 0; i < 500; ++i) {
      const auto begin = static_cast<int64_t>(random() % 1000);
      nester.Add(Make(begin, begin + static_cast<int64_t>(random() % (round < 10 ? 50 : 2000)), "x"), lanes);
    }
    nester.Finish(lanes);
    CHECK(lanes.drawn + nester.left_out() == 500);
    CHECK(lanes.text.size() <= SliceNester::kLanes);
  }
}

}  // namespace
}  // namespace stallpoint
