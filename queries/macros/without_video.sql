-- what: whether a post holds no video and nothing that the study listens to: an image, a carousel of images, a text
-- caution: a slideshow whose sound is fetched is none of them; where no source says what a post holds, it may hold a video
CREATE MACRO without_video(kind, media_type) AS
    kind = 'post' AND coalesce(media_type IN ('image', 'carousel', 'slideshow', 'text'), false);
