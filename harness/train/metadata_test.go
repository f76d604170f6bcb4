package train

import "testing"

// Weights say that the images they were trained on were generated. Others are
// silent, so that the files of recorded runs keep their bytes.
func TestMetadataOfGeneratedImages(t *testing.T) {
	key := smallKey(images())
	for _, generated := range []bool{true, false} {
		key.Data.Synthetic = generated
		says := metadata(key, 8)
		if value, said := says["data"]; said != generated || generated && value != "synthetic" {
			t.Errorf("with generated images %t the metadata are %v", generated, says)
		}
		if trained := TrainedBy(says); trained.Synthetic != generated {
			t.Errorf("with generated images %t the metadata are read as %+v", generated, trained)
		}
	}
}
