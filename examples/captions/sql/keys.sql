-- After the rows, because checking and building once is faster than row by row.

ALTER TABLE videos ADD FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE captions ADD FOREIGN KEY (video_id) REFERENCES videos (id);
ALTER TABLE reviews ADD FOREIGN KEY (video_id) REFERENCES videos (id);
ALTER TABLE reviews ADD FOREIGN KEY (reviewer_id) REFERENCES users (id);

CREATE INDEX videos_user_id_idx ON videos (user_id);
CREATE INDEX captions_unsure_idx ON captions (confidence, id) WHERE confidence < 0.51;
CREATE INDEX reviews_video_id_idx ON reviews (video_id);
CREATE INDEX reviews_reviewer_id_idx ON reviews (reviewer_id);

ANALYZE;
