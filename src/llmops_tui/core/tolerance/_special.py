"""The few special functions the package needs, for single numbers.

SciPy takes a good part of the time to first ink, so it is imported here on first use and nowhere
at the top of a module.
"""

from __future__ import annotations

import math

_SMALLEST_LOG = -690.0  # below e^-690 a float loses its precision


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b)."""
    from scipy.special import betainc  # on first use: see the module's docstring

    return float(betainc(a, b, x))


def beta_quantile(q: float, a: float, b: float) -> float:
    """Value x with I_x(a, b) = q."""
    from scipy.special import betaincinv  # on first use: see the module's docstring

    return float(betaincinv(a, b, q))


def gamma_quantile(q: float, shape: float) -> float:
    """Quantile of the gamma distribution with scale 1."""
    from scipy.special import gammaincinv  # on first use: see the module's docstring

    return float(gammaincinv(shape, q))


def binomial_cdf(k: float, n: float, p: float) -> float:
    """P(X ≤ k) for X binomial(n, p), through the incomplete beta function."""
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return beta_cdf(1.0 - p, n - k, k + 1.0)


def binomial_pmf(k: int, n: int, p: float) -> float:
    """P(X = k) for X binomial(n, p)."""
    if p in (0.0, 1.0):
        return float(k == (n if p == 1.0 else 0))
    log_choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_choose + k * math.log(p) + (n - k) * math.log1p(-p))


def normal_quantile(q: float) -> float:
    """Quantile of the standard normal distribution."""
    from scipy.special import ndtri  # on first use: see the module's docstring

    return float(ndtri(q))


def t_quantile(q: float, degrees: float) -> float:
    """Quantile of Student's t distribution."""
    from scipy.special import stdtrit  # on first use: see the module's docstring

    return float(stdtrit(degrees, q))


def log_beta(a: float, b: float) -> float:
    """Logarithm of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_beta_cdf(x: float, a: float, b: float) -> float:
    """Logarithm of I_x(a, b), finite where I_x itself is too small for a float.

    The far tail is the hypergeometric series of DLMF 8.17.8, whose terms fall geometrically there.
    """
    plain = beta_cdf(x, a, b)
    if plain > 0.0 and (log := math.log(plain)) > _SMALLEST_LOG:
        return log
    total = term = 1.0
    step = 0
    while term > total * 1e-17 and step < 100_000:
        term *= x * (a + b + step) / (a + 1.0 + step)
        total += term
        step += 1
    return a * math.log(x) + b * math.log1p(-x) - math.log(a) - log_beta(a, b) + math.log(total)
