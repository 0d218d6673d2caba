#include "histogram.h"

static unsigned cell_of(uint64_t value_ns) {
    unsigned octave = 0;
    while ((value_ns >> octave) >= 2 * HISTOGRAM_STEPS) octave++;
    if (value_ns < HISTOGRAM_STEPS) return (unsigned)value_ns;
    unsigned cell = (octave + 1) * HISTOGRAM_STEPS + (unsigned)(value_ns >> octave) - HISTOGRAM_STEPS;
    unsigned last = HISTOGRAM_OCTAVES * HISTOGRAM_STEPS - 1;
    return cell < last ? cell : last;
}

static uint64_t upper_edge(unsigned cell) {
    if (cell < HISTOGRAM_STEPS) return cell;
    unsigned octave = cell / HISTOGRAM_STEPS - 1;
    uint64_t step = cell % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
    return ((step + 1) << octave) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value_ns) {
    histogram->cells[cell_of(value_ns)]++;
    histogram->count++;
    if (value_ns > histogram->largest) histogram->largest = value_ns;
}

uint64_t histogram_at(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count);
    if (wanted == 0) wanted = 1;
    uint64_t seen = 0;
    for (unsigned cell = 0; cell < HISTOGRAM_OCTAVES * HISTOGRAM_STEPS; cell++) {
        seen += histogram->cells[cell];
        if (seen >= wanted) {
            uint64_t edge = upper_edge(cell);
            return edge < histogram->largest ? edge : histogram->largest;
        }
    }
    return 0;
}

void histogram_print(const struct histogram *histogram, FILE *out) {
    fprintf(out, "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f",
            (double)histogram_at(histogram, 0.50) / 1e3, (double)histogram_at(histogram, 0.90) / 1e3,
            (double)histogram_at(histogram, 0.99) / 1e3, (double)histogram->largest / 1e3);
}
