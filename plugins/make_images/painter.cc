#include "plugins/make_images/painter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "plugins/support/keyed_random.h"

namespace stallpoint::images {
namespace {

using bundled::KeyedRandom;

struct Colour {
  float r = 0;
  float g = 0;
  float b = 0;
};

Colour OfHue(double turn, double strength, double level) {
  const auto channel = [&](double offset) {
    return static_cast<float>(level + strength * std::cos(2 * std::numbers::pi * (turn + offset)));
  };
  return {channel(0), channel(1.0 / 3), channel(2.0 / 3)};
}

Colour Mixed(const Colour& a, const Colour& b, float share) {
  return {a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share, a.b + (b.b - a.b) * share};
}

// A picture in floats, 0 to 255.
class Canvas {
 public:
  Canvas(int width, int height)
      : width_(width), height_(height), pixels_(static_cast<size_t>(width) * static_cast<size_t>(height)) {}

  Colour* row(int y) { return &pixels_[static_cast<size_t>(y) * static_cast<size_t>(width_)]; }
  int width() const { return width_; }
  int height() const { return height_; }

  void Gradient(const Colour& from, const Colour& to, double angle) {
    const double dx = std::cos(angle);
    const double dy = std::sin(angle);
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        const double along =
            dx * (x / static_cast<double>(width_) - 0.5) + dy * (y / static_cast<double>(height_) - 0.5);
        row(y)[x] = Mixed(from, to, static_cast<float>(std::clamp(along + 0.5, 0.0, 1.0)));
      }
    }
  }

  // Smooth noise whose hills are `cell` pixels wide, `strength` high, coloured by `tint`.
  void AddNoise(int cell, float strength, const Colour& tint, KeyedRandom& random) {
    const int columns = width_ / cell + 2;
    const int rows = height_ / cell + 2;
    std::vector<float> lattice(static_cast<size_t>(columns) * static_cast<size_t>(rows));
    for (float& value : lattice) value = static_cast<float>(random.uniform(-1, 1)) * strength;
    std::vector<float> line(static_cast<size_t>(columns));
    const auto eased = [cell](int place) {
      const float t = static_cast<float>(place % cell) / static_cast<float>(cell);
      return t * t * (3 - 2 * t);
    };
    for (int y = 0; y < height_; ++y) {
      const float* above = &lattice[static_cast<size_t>(y / cell) * static_cast<size_t>(columns)];
      for (int i = 0; i < columns; ++i)
        line[static_cast<size_t>(i)] = above[i] + (above[i + columns] - above[i]) * eased(y);
      Colour* pixel = row(y);
      for (int x = 0; x < width_; ++x) {
        const float* left = &line[static_cast<size_t>(x / cell)];
        const float value = left[0] + (left[1] - left[0]) * eased(x);
        pixel[x].r += value * tint.r;
        pixel[x].g += value * tint.g;
        pixel[x].b += value * tint.b;
      }
    }
  }

  // Where `inside(x, y)`, in units of `radius` from the centre, the colour covers what was there.
  template <typename Inside>
  void Cover(double centre_x, double centre_y, double radius, const Colour& colour, float opacity, Inside inside) {
    const int top = std::max(0, static_cast<int>(centre_y - radius));
    const int bottom = std::min(height_, static_cast<int>(centre_y + radius) + 1);
    const int left = std::max(0, static_cast<int>(centre_x - radius));
    const int right = std::min(width_, static_cast<int>(centre_x + radius) + 1);
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        if (inside((x - centre_x) / radius, (y - centre_y) / radius)) row(y)[x] = Mixed(row(y)[x], colour, opacity);
      }
    }
  }

 private:
  int width_;
  int height_;
  std::vector<Colour> pixels_;
};

void AddEdges(Canvas& canvas, KeyedRandom& random) {
  for (int i = 0; i < 24; ++i) {
    const double radius = canvas.height() * random.uniform(0.02, 0.25);
    const double angle = random.uniform(0, 2 * std::numbers::pi);
    const double flatness = random.uniform(0.1, 1);
    canvas.Cover(random.uniform() * canvas.width(), random.uniform() * canvas.height(), radius,
                 OfHue(random.uniform(), 25, random.uniform(40, 210)), 0.5F, [=](double x, double y) {
                   const double across = x * std::cos(angle) + y * std::sin(angle);
                   const double along = y * std::cos(angle) - x * std::sin(angle);
                   return std::abs(across) < 0.7 && std::abs(along) < 0.7 * flatness;
                 });
  }
}

// Discs, rings, squares or stripes, of the class's own hue.
void AddShapes(Canvas& canvas, int64_t label, int64_t classes, KeyedRandom& random) {
  const Colour colour = OfHue(static_cast<double>(label) / static_cast<double>(classes), 95, 125);
  const int64_t kind = label % 4;
  for (int i = 0; i < 9; ++i) {
    const double radius = std::min(canvas.width(), canvas.height()) * random.uniform(0.08, 0.2);
    canvas.Cover(random.uniform() * canvas.width(), random.uniform() * canvas.height(), radius, colour, 0.85F,
                 [kind](double x, double y) {
                   const double distance = x * x + y * y;
                   switch (kind) {
                     case 0:
                       return distance < 1;
                     case 1:
                       return distance < 1 && distance > 0.4;
                     case 2:
                       return std::max(std::abs(x), std::abs(y)) < 0.8;
                     default:
                       return distance < 1 && std::fmod(std::abs(x + y) * 4, 2) < 1;
                   }
                 });
  }
}

// Photographs have detail at all scales, less the finer it is; how much differs from picture to picture.
void AddDetail(Canvas& canvas, KeyedRandom& random) {
  const double detail = random.uniform(0.6, 1.4);
  for (int cell = 256; cell >= 2; cell /= 2) {
    const auto strength = static_cast<float>(detail * 5.0 * std::pow(cell, 0.35));
    canvas.AddNoise(cell, strength, cell >= 16 ? OfHue(random.uniform(), 0.3, 0.9) : Colour{1, 1, 1}, random);
  }
  canvas.AddNoise(1, 3, {1, 1, 1}, random);
}

Canvas Background(int width, int height, KeyedRandom& random) {
  Canvas canvas(width, height);
  canvas.Gradient(OfHue(random.uniform(), 30, random.uniform(60, 120)),
                  OfHue(random.uniform(), 30, random.uniform(120, 200)), random.uniform(0, 2 * std::numbers::pi));
  AddEdges(canvas, random);
  return canvas;
}

Image ToImage(Canvas& canvas) {
  Image image = {canvas.width(), canvas.height(), {}};
  image.rgb.resize(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3);
  uint8_t* out = image.rgb.data();
  const auto byte = [](float value) { return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F)); };
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, out += 3) {
      const Colour& pixel = canvas.row(y)[x];
      out[0] = byte(pixel.r);
      out[1] = byte(pixel.g);
      out[2] = byte(pixel.b);
    }
  }
  return image;
}

}  // namespace

Image PaintImage(int width, int height, int64_t label, int64_t classes, uint64_t seed, uint64_t index) {
  KeyedRandom random(seed, "picture", index);
  Canvas canvas = Background(width, height, random);
  AddShapes(canvas, label, classes, random);
  AddDetail(canvas, random);
  return ToImage(canvas);
}

PaintedAnimal PaintAnimal(int width, int height, uint64_t seed, uint64_t index) {
  KeyedRandom random(seed, "animal", index);
  Canvas canvas = Background(width, height, random);

  const double length = std::min(width, height) * random.uniform(0.3, 0.45);
  const double angle = random.uniform(0, 2 * std::numbers::pi);
  const double centre_x = random.uniform(length, width - length);
  const double centre_y = random.uniform(length, height - length);
  const auto at = [&](double along, double across) {
    return PaintedPoint{centre_x + length * (along * std::cos(angle) - across * std::sin(angle)),
                        centre_y + length * (along * std::sin(angle) + across * std::cos(angle))};
  };
  const auto disc = [](double x, double y) { return x * x + y * y < 1; };
  for (double along = -0.4; along <= 0.4; along += 0.05) {
    const PaintedPoint body = at(along, 0);
    canvas.Cover(body.x, body.y, length * 0.22, OfHue(0.1, 15, 60), 1, disc);
  }
  PaintedAnimal animal;
  animal.points = {at(0.65, 0), at(0.4, -0.22), at(0.4, 0.22), at(-0.6, 0)};
  for (size_t part = 0; part < animal.points.size(); ++part) {
    const PaintedPoint& point = animal.points[part];
    const double hue = static_cast<double>(part) / static_cast<double>(animal.points.size());
    canvas.Cover(point.x, point.y, length * 0.1, OfHue(hue, 95, 125), 1, disc);
  }
  AddDetail(canvas, random);
  animal.image = ToImage(canvas);
  return animal;
}

}  // namespace stallpoint::images
