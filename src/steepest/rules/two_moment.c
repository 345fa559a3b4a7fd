/* The two-moment rule over rows of members: each array is read once and written once.

   Numbers of a member: a1, b1, a2, b2, A, B, P, Q, keep, as `steepest.rules.compiled.compact` makes them:
   m <- a1 m + b1 g,  v <- a2 v + b2 g g,  theta <- keep theta - (A m + B g) / (P sqrt(v) + Q).

   No operation may be contracted, so that every compiler and processor gives the same bits. */

#include <math.h>
#include <stdint.h>

#define NUMBERS 9

#define MOVE(NAME, REAL, ROOT)                                                                            \
    void NAME(REAL *restrict theta, const REAL *restrict grad, REAL *restrict first,                      \
              REAL *restrict second, const REAL *restrict numbers, const uint8_t *restrict active,        \
              int64_t members, int64_t columns, int64_t row, int64_t grad_row, int64_t decays) {          \
        for (int64_t k = 0; k < members; k++) {                                                           \
            if (!active[k]) continue;                                                                     \
            const REAL *restrict n = numbers + NUMBERS * k;                                               \
            const REAL a1 = n[0], b1 = n[1], a2 = n[2], b2 = n[3], by_first = n[4], by_raw = n[5];        \
            const REAL p = n[6], q = n[7], keep = decays ? n[8] : 1;                                      \
            REAL *restrict t = theta + k * row;                                                           \
            REAL *restrict m = first + k * row;                                                           \
            REAL *restrict v = second + k * row;                                                          \
            const REAL *restrict g = grad + k * grad_row;                                                 \
            for (int64_t i = 0; i < columns; i++) {                                                       \
                const REAL mi = a1 * m[i] + b1 * g[i];                                                    \
                const REAL vi = a2 * v[i] + b2 * g[i] * g[i];                                             \
                t[i] = keep * t[i] - (by_first * mi + by_raw * g[i]) / (p * ROOT(vi) + q);                \
                m[i] = mi;                                                                                \
                v[i] = vi;                                                                                \
            }                                                                                             \
        }                                                                                                 \
    }

MOVE(move_float, float, sqrtf)
MOVE(move_double, double, sqrt)
