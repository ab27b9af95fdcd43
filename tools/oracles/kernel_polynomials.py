#!/usr/bin/env python3
"""Fits the polynomials of Sources/CDeixisKernels/common/math.h: least maximum relative error, by Lawson's reweighting.

Prints, per function, the coefficients from the lowest power as C hexadecimal floats and the error reached in exact arithmetic.
Needs numpy and mpmath.
"""
import mpmath as mp
import numpy as np

mp.mp.dps = 40


def fit(name, f, weight, low, high, degree, fixed=()):
    """Minimize max |weight(x) (p(x) - f(x))| on [low, high]; the first coefficients may be fixed."""
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)
    y = np.array([float(f(mp.mpf(v))) for v in x], dtype=np.longdouble)
    w = np.array([float(weight(mp.mpf(v))) for v in x], dtype=np.longdouble)
    coefficients = [np.longdouble(c) for c in fixed]
    # Round from the lowest power up and fit the rest again, so that later ones make up for earlier rounding.
    while len(coefficients) <= degree:
        rest = y - sum((c * x**i for i, c in enumerate(coefficients)), np.zeros_like(y))
        powers = np.stack([x**i for i in range(len(coefficients), degree + 1)], axis=1)
        lawson = np.ones(len(x))
        for _ in range(300):
            scale = np.sqrt(lawson) * w.astype(float)
            solution, *_ = np.linalg.lstsq((powers * scale[:, None]).astype(float), (rest * scale).astype(float), rcond=None)
            error = np.abs(w * (powers @ solution - rest)).astype(float)
            lawson = lawson * (error / error.max() + 1e-9)
            lawson /= lawson.max()
        coefficients.append(np.longdouble(np.float32(solution[0])))
    error = np.abs(w * (sum(c * x**i for i, c in enumerate(coefficients)) - y)).max()
    print(f"{name}: max error {float(error):.3g}")
    print("    " + ", ".join(float(c).hex() + "f" for c in coefficients))


# e^r = 1 + r + r^2 p(r), |r| <= ln 2 / 2
edge = float(mp.log(2) / 2) * 1.002
fit("exp", lambda r: (mp.expm1(r) - r) / r**2 if r else mp.mpf(0.5), lambda r: r**2 / mp.exp(r), -edge, edge, 4)
# tanh x = x + x z p(z), z = x^2, |x| <= 0.625
fit("tanh", lambda z: (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z if z else -mp.mpf(1) / 3,
    lambda z: z * mp.sqrt(z) / mp.tanh(mp.sqrt(z)) if z else 0, 0, 0.625**2 * 1.001, 4)
# erf x = x + x p(z), z = x^2, |x| <= 1
fit("erf below 1", lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1 if z else 2 / mp.sqrt(mp.pi) - 1,
    lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)) if z else mp.sqrt(mp.pi) / 2, 0, 1.001, 6)
# erfc x = e^(-x - x p(x)), 1 <= x <= 4: what counts is the error of erf, erfc(x) * d(exponent)
fit("erf above 1", lambda x: -mp.log(mp.erfc(x)) / x - 1, lambda x: x * mp.erfc(x) / mp.erf(x), 0.999, 4, 7)
