"""From tool records to Business Clusters: facts, edges, candidates, validation, labels, scores, selection."""
